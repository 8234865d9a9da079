"""Penalties on a critic's gradients."""

from collections.abc import Callable

import torch
from torch import Tensor


def gradient_penalty(
    critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, draw: torch.Generator
) -> Tensor:
    """E[(||grad_x D(x)||_2 - 1)^2] at points x drawn evenly from segments between real and fake.

    WGAN-GP (Gulrajani et al. 2017), eq. 3 and algorithm 1, lines 4 to 7, without the weight. The
    norm is over all of an image's numbers; a gradient of 0 passes no gradient on.

    critic : images (n, ...) -> scores (n,); no row may depend on another.
    real, fake : (n, ...), the ends; the i-th real image belongs to the i-th fake one.
    draw : one number a pair is taken from it.
    """
    shares = torch.rand(len(real), *[1] * (real.ndim - 1), generator=draw, device=draw.device)
    points = torch.lerp(real, fake, shares.to(real)).detach().requires_grad_(True)
    # scores of one row each: the gradient of their sum is the row's own
    with torch.compiler.set_stance("force_eager"):  # compiled, it has no second gradient
        (slopes,) = torch.autograd.grad(critic(points).sum(), points, create_graph=True)
    return (slopes.flatten(1).norm(dim=1) - 1.0).square().mean()
