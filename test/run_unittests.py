"""Runs the unittest cases of a folder and ends with three lines that count.

Usage: run_unittests.py FOLDER
"""

import sys
import unittest


def main(folder):
    suite = unittest.defaultTestLoader.discover(folder, pattern="*.py")
    # A module that cannot be imported is a test that fails.
    result = unittest.TextTestRunner(verbosity=1).run(suite)
    failed = len(result.failures) + len(result.errors)
    failed += len(result.unexpectedSuccesses)
    skipped = len(result.skipped)
    print(f"passed {result.testsRun - failed - skipped}")
    print(f"failed {failed}")
    print(f"skipped {skipped}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
