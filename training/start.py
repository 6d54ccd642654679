"""What a run begins with if it takes over an earlier run's weights."""
import json
from dataclasses import dataclass

PREFIX = "bert.encoder.layer."


@dataclass(frozen=True)
class Layers:
    """Which layers of the base a model is made of, and how many of them, the first, read apart and aren't trained."""

    of_base: list
    apart: int

    def counterparts(self, theirs):
        """For each layer that reads across, which of theirs, counted among those that read across, is made of the same layer of the base;
        None if none is."""
        across = theirs.of_base[theirs.apart:]
        return [across.index(layer) if layer in across else None for layer in self.of_base[self.apart:]]

    def name_there(self, name, theirs):
        """What a trained weight of ours is called there; None if it isn't there."""
        if not name.startswith(PREFIX):
            return name
        number, rest = name.removeprefix(PREFIX).split(".", 1)
        counterpart = self.counterparts(theirs)[int(number) - self.apart]
        return None if counterpart is None else f"{PREFIX}{theirs.apart + counterpart}.{rest}"


def take_over(model, file):
    """Gives the model the weights of an open safetensors file that an earlier run wrote. The run may have had other layers: what it
    has trained of the model's layers is taken, and the others stay as they are. Returns how many steps and minutes the model
    has been trained for: none if the layers are others.

    Raises ValueError if the file is of another kind of model."""
    about = file.metadata()
    ours, theirs = Layers(model.layers, model.apart), Layers(json.loads(about["layers"]), json.loads(about["head"])["apart"])
    for name, p in model.named_parameters():
        there = ours.name_there(name, theirs) if p.requires_grad else None
        if there is None:
            continue
        if there not in file.keys():
            raise ValueError(f"the weights to start from have no {there}: another version of this script has written them")
        given = file.get_tensor(there).float()
        if name == "gates":
            for row, counterpart in zip(p.data, ours.counterparts(theirs)):
                if counterpart is not None:
                    row.copy_(given[counterpart])
        else:
            p.data.copy_(given)
    return (int(about["step"]), float(about["minutes"])) if ours == theirs else (0, 0.0)
