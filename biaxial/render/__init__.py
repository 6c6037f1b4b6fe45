"""What a piece looks like and sounds like: heat maps, engraving, piano rolls, sound."""
