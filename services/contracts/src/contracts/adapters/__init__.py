"""What reaches the outside: documents in S3, and typst in a process of its own."""
