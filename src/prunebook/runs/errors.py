"""What went wrong while runs were made, a sentence each."""

import traceback
from dataclasses import dataclass

from prunebook.runs.canonical import dumps
from prunebook.runs.devices import ran_out_of_memory
from prunebook.runs.identity import describe, digest


@dataclass(frozen=True)
class Failure:
    """One run that raised `error`."""

    recipe: object
    seed: int
    error: Exception

    def __post_init__(self):
        traceback.clear_frames(self.error.__traceback__)  # they hold the failed job's memory, which others need

    def sentence(self):
        """Kind, digest, seed, what happened, and the recipe's fields."""
        said = " ".join(str(self.error).split()) or "no message"
        if ran_out_of_memory(self.error):
            said = f"memory ran out ({said}); use a smaller batch or width, or another device"
        else:
            said = f"{type(self.error).__name__}: {said}"
        fields = dumps(describe(self.recipe)["fields"])
        return f"{type(self.recipe).__name__} {digest(self.recipe)} seed {self.seed}: {said} [{fields}]"


class RunError(RuntimeError):
    """Some runs raised an error while all others were made: `failures`, and the `results` without them."""

    def __init__(self, failures, results=None):
        self.failures, self.results = list(failures), results
        plural = "run" if len(self.failures) == 1 else "runs"
        lines = "\n".join(f"  {failure.sentence()}" for failure in self.failures)
        super().__init__(f"{len(self.failures)} {plural} failed, all others are stored:\n{lines}")


class IngredientError(RuntimeError):
    """What a run is made from could not be made."""
