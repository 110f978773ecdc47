"""`python -m erasure`: what people and pipelines ask of a stack besides `pulumi` itself. Nothing imports it."""
