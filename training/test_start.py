"""Which weights a model with other layers takes over."""
import unittest

from start import Layers

SIX = Layers([0, 1, 2, 3, 4, 5], 2)


class Taken(unittest.TestCase):
    def test_the_same_layers(self):
        self.assertEqual(SIX.counterparts(SIX), [0, 1, 2, 3])
        for name in ("gates", "bert.encoder.layer.4.output.dense.weight"):
            self.assertEqual(SIX.name_there(name, SIX), name)

    def test_fewer_layers(self):
        three = Layers([0, 2, 5], 1)
        self.assertEqual(three.counterparts(SIX), [0, 3])
        self.assertEqual(three.name_there("bert.encoder.layer.1.output.dense.bias", SIX), "bert.encoder.layer.2.output.dense.bias")
        self.assertEqual(three.name_there("bert.encoder.layer.2.output.dense.bias", SIX), "bert.encoder.layer.5.output.dense.bias")

    def test_what_was_not_trained_there(self):
        three = Layers([0, 1, 5], 1)
        self.assertEqual(three.counterparts(SIX), [None, 3])
        self.assertIsNone(three.name_there("bert.encoder.layer.1.output.dense.bias", SIX))


if __name__ == "__main__":
    unittest.main()
