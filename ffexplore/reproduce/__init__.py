"""``ffexplore reproduce``: named experiments, resumable, and the page of their results."""
