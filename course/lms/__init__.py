"""From the archives of learning management systems to submissions, and from the gradebook back to them."""
