"""What is measured of ours where no service alone shows it."""
