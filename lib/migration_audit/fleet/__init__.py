"""Many databases against one expected side, without notebooks: read, compared, grouped by the same difference, signed.

``targets``, ``evidence``, ``groups``, ``merkle``, ``queue`` and ``summary`` are pure; ``store``, ``read_target`` and the
executors do the reading and writing; ``run``, ``verify``, ``signatures`` and ``gating`` are what the commands call.
"""
