"""What runs inside the box, beside a submission's code. These files are bound into it one by one, not as a package."""
