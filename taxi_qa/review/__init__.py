"""Floor 9, people decide: cases, the steps of the desk, answers, appeals, deadlines, and its quality."""
