"""What runs inside Pulumi: the resources of the program, and their providers in the engine's plugin process."""
