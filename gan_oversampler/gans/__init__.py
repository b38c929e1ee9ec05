"""What a GAN is: specification, losses, objectives, controllers."""
