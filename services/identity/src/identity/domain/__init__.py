"""The rules of people and their accounts, without any input or output."""
