"""The statistics of comparisons: shares, payoffs, scaling fits, corrections for many comparisons."""
