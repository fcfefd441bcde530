"""What each gate decides, at each of its bounds."""
