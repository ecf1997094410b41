# SPDX-License-Identifier: MIT
"""Paired measurements: their order, and the Hodges-Lehmann estimate with its exact interval."""

import math
import random


def order(pairs, seed):
    """Which of the two runs goes first in each pair: balanced, then shuffled."""
    first = [i % 2 == 0 for i in range(pairs)]
    random.Random(seed).shuffle(first)
    return first


def rank_from_end(count, confidence):
    """The k with which the k-th smallest and largest Walsh average bound the interval: from the
    exact distribution of the signed ranks. 0: too few pairs for that confidence."""
    ways = [1]
    for rank in range(1, count + 1):
        longer = ways + [0] * rank
        for value, number in enumerate(ways):
            longer[value + rank] += number
        ways = longer
    limit = (1 - confidence) / 2 * 2**count
    below = 0
    for k, number in enumerate(ways):
        below += number
        if below > limit:
            return k
    return 0


def hodges_lehmann(differences, confidence=0.95):
    """(estimate, low, high) of the middle of the differences."""
    count = len(differences)
    walsh = sorted(
        (differences[i] + differences[j]) / 2 for i in range(count) for j in range(i, count)
    )
    middle = len(walsh) // 2
    estimate = walsh[middle] if len(walsh) % 2 else (walsh[middle - 1] + walsh[middle]) / 2
    k = rank_from_end(count, confidence)
    if k == 0:
        return estimate, -math.inf, math.inf
    return estimate, walsh[k - 1], walsh[-k]
