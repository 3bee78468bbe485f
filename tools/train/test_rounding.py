"""Tests of the rounding to int8: errors cancel where inputs correlate, which brings the model closer to float32."""

import unittest

import torch

from export import difference, input_axis
from gpt2 import GPT2, Shape
from rounding import GROUP_LEN, compensated, dequantised, rounded_matrix, second_moments


def nearest(weight, axis):
    """Rounds every weight by itself: the baseline for compensation."""
    groups = weight.unflatten(axis, (-1, GROUP_LEN))
    scales = (groups.abs().amax(axis + 1, keepdim=True) / 127).bfloat16().float()
    return ((groups / scales).round().clamp(-127, 127) * scales).flatten(axis, axis + 1)


class Rounding(unittest.TestCase):
    def setUp(self):
        self.random = torch.Generator().manual_seed(1)

    def test_uncorrelated_inputs_leave_the_nearest_integers(self):
        weight = torch.randn((8, 96), generator=self.random)
        rounded, scales = rounded_matrix(weight, torch.eye(96))
        self.assertEqual((rounded.dtype, scales.dtype, tuple(scales.shape)), (torch.int8, torch.bfloat16, (8, 3)))
        self.assertTrue(torch.equal(dequantised(rounded, scales), nearest(weight, 1)))

    def test_correlated_inputs_cancel_most_of_the_error(self):
        weight = torch.randn((16, 64), generator=self.random)
        directions = torch.randn((8, 64), generator=self.random)
        inputs = torch.randn((500, 8), generator=self.random) @ directions
        inputs += 0.1 * torch.randn((500, 64), generator=self.random)
        rounded, scales = rounded_matrix(weight, second_moments(inputs))
        errors = [(inputs @ (value - weight).t()).norm().item() for value in (dequantised(rounded, scales), nearest(weight, 1))]
        self.assertLess(errors[0], 0.5 * errors[1])
        self.assertLessEqual(rounded.abs().max().item(), 127)

    def test_a_zero_matrix_stays_zero(self):
        rounded, scales = rounded_matrix(torch.zeros(4, 32), torch.eye(32))
        self.assertEqual(dequantised(rounded, scales).abs().max().item(), 0)

    def test_a_model_is_closer_to_float32_than_with_the_nearest_integers(self):
        torch.manual_seed(1)
        shape = Shape(n_layer=2, n_embd=64, n_head=2, n_positions=32)
        model = GPT2(shape).requires_grad_(False)
        for name, parameter in model.named_parameters():
            if parameter.dim() == 2:
                parameter.mul_(8)  # as large as trained weights, so that rounding shows
        # Few tokens, so that the inputs of every matrix correlate.
        windows = torch.randint(0, 8, (24, 32), generator=self.random)
        before = {name: value.clone() for name, value in model.state_dict().items()}
        tensors = compensated(model, windows[:16])
        for name, value in model.state_dict().items():
            self.assertTrue(torch.equal(value, before[name]), name)
        compensating, rounding = GPT2(shape).requires_grad_(False), GPT2(shape).requires_grad_(False)
        names = {name for name, value in before.items() if value.dim() == 2}
        self.assertEqual({*tensors}, {*before} | {name + ".scale" for name in names})
        for name, value in before.items():
            both = [value, value]
            if name in names:
                axis = input_axis(name)
                self.assertEqual(tensors[name].shape, value.shape)
                both = dequantised(tensors[name], tensors[name + ".scale"], axis), nearest(value, axis)
            for other, its in zip((compensating, rounding), both):
                other.state_dict()[name].copy_(its)
        n, _, better = difference(model, compensating, windows[16:])
        _, _, worse = difference(model, rounding, windows[16:])
        self.assertEqual(n, 8 * 32)
        self.assertLess(better, 0.8 * worse)


if __name__ == "__main__":
    unittest.main()
