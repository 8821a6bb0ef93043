"""Many databases against one expected side, without notebooks: read, compared, grouped by the same difference, signed.

``targets``, ``evidence``, ``groups``, ``merkle``, ``queue`` and ``summary`` are pure; ``discover``, ``expected``,
``store``, ``read_target`` and the executors do the reading and writing; ``run``, ``verify``, ``sign`` and ``merge`` are what
the commands call.
"""
