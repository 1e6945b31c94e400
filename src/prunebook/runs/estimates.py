"""How long a run will take: from recorded times where there are any, otherwise from counted operations."""

from statistics import median

from prunebook.runs.canonical import sha256
from prunebook.runs.identity import digest

# Operations a second where nothing was recorded. CPU, a core: width-16 ResNets in bfloat16 reach 1–3e11 on two cores
# (measured here); GPU: 13 % of an H200's 790 TFLOP/s, between its thin networks and ResNet-18 (derived).
CPU_CORE, CUDA = 1e11, 1e14

NEAR = 30  # a tiny run is all overhead: its time says nothing of one with more than this times its operations
KNOWN = ("recorded", "scaled", "counted", "unknown")  # from best to worst


class Estimates:
    """Seconds of runs on one device (`device_name` of it), learnt from the store and from `learn`."""

    def __init__(self, store, device, cores):
        self.store, self.device = store, device
        self.rate = CPU_CORE * cores if cores else CUDA
        self.kinds, self.answers = {}, {}

    def seconds(self, recipe):
        """(seconds, how): the same recipe's median, else that of like size scaled by FLOP, else FLOP at a rate."""
        name = digest(recipe)
        if name not in self.answers:
            self.answers[name] = self._seconds(name, recipe)
        return self.answers[name]

    def learn(self, recipe, seconds, flops):
        """Take a run just finished into account."""
        self._times(type(recipe).__name__).append((digest(recipe), seconds, flops))
        self.answers.clear()

    def _seconds(self, name, recipe):
        times = self._times(type(recipe).__name__)
        same = [seconds for other, seconds, _ in times if other == name]
        if same:
            return median(same), "recorded"
        operations = recipe.flops()
        rates = [seconds / flops for _, seconds, flops in times if flops and 1 / NEAR <= operations / flops <= NEAR]
        if operations > 0 and rates:
            return operations * median(rates), "scaled"
        if times and not operations > 0:
            return median(seconds for _, seconds, _ in times), "scaled"
        return (operations / self.rate, "counted") if operations > 0 else (0.0, "unknown")

    def _times(self, kind):
        """(digest, seconds, flops) of the kind's runs on this device, read from the store once."""
        if kind not in self.kinds:
            self.kinds[kind] = [
                (sha256(run.recipe)[:12], run.provenance["seconds"], run.provenance.get("flops", 0.0))
                for run in self.store.records(kind)
                if run.provenance.get("device") == self.device and "seconds" in run.provenance
            ]
        return self.kinds[kind]
