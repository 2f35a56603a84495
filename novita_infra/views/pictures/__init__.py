"""Pictures that several formats show: laid out and drawn as SVG, without a program of others."""
