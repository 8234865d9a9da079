"""The visual Turing test of Stacked GAN, section 4.4: people tell real from generated images."""
