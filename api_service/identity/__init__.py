"""Who is asking, and whether what they present still counts."""
