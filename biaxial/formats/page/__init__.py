"""A score as it is laid out on a page, whatever the format: bars, staves, lines, values, marks."""
