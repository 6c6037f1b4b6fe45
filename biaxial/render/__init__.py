"""What a piece looks and sounds like: sound, engraving, pictures. Nothing here is imported unless asked for."""
