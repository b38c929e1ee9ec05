"""Published GAN oversamplers, built anew from their descriptions: opponents that share no code with ours."""
