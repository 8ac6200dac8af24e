"""Whether everything arrived: `seq` counts 1, 2, 3 … for each (instance, epoch, subject)."""


class Lanes:
    def __init__(self):
        self._high = {}
        self._missing = {}
        self.duplicates = 0
        self.dropped = 0

    def see(self, lane, first, last, dropped=False):
        """`first` to `last` arrived, or were dropped on purpose. What came before a lane's first event isn't missed."""
        high = self._high.setdefault(lane, first - 1)
        missing = self._missing.setdefault(lane, [])
        if dropped:
            self.dropped += last - first + 1
        if last > high:
            if first > high + 1:
                missing.append((high + 1, first - 1))
            self._high[lane] = last
            return
        late = [gap for gap in missing if gap[0] <= last and first <= gap[1]]
        if not late:
            self.duplicates += 1
        for low, top in late:
            missing.remove((low, top))
            missing.extend(part for part in ((low, first - 1), (last + 1, top)) if part[0] <= part[1])

    def gaps(self):
        """(lane, from, to) of everything that is missing now."""
        return [(lane, low, top) for lane, gaps in self._missing.items() for low, top in sorted(gaps)]

    def __len__(self):
        return len(self._high)
