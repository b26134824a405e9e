"""What a town sets: projects, employers, lists, consultations, words."""
