"""Music as objects of other libraries, in and out."""
