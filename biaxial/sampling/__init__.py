"""Drawing: constraints, randomness, and the one step that everything that draws or scores is made of."""
