"""Selection: folds, scores of candidates on rows they never saw, and the choice among them.

Here live the splits, the paired scoring of generators and baselines, the rules of the choice, and what is
done to the rows of the generators that were kept. Choices are pure functions of scores; nothing here may
train a generator. Start at ``choice.py`` for the rules, then at ``scoring.py``.
"""
