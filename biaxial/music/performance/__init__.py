"""How music is played: how loud, on what, by whom, and as people do."""
