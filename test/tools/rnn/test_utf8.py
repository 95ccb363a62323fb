"""What a terminal gets of a byte stream, against Python's own decoder."""

import os
import random
import shutil
import subprocess
import unittest

from rnn_command import RUNTIME, RnnTest

PROGRAM = r"""
#include "data/Utf8.h"
#include <cstdio>
#include <cstdlib>
int main(int, char **arguments) {
  std::string pending, chunk(std::atoi(arguments[1]), 0);
  while (size_t got = fread(&chunk[0], 1, chunk.size(), stdin)) {
    pending.append(chunk, 0, got);
    std::string ready = rnn::takeCompleteUtf8(pending);
    if (pending.size() > 3)
      return 1;
    fwrite(ready.data(), 1, ready.size(), stdout);
  }
  fputs(pending.empty() ? "" : "\xEF\xBF\xBD", stdout);
}
"""


class Utf8Test(RnnTest):
    def test_whole_characters(self):
        compiler = shutil.which("c++")
        if not compiler:
            self.skipTest("no c++")
        program = self.path("program")
        subprocess.run(
            [compiler, "-std=c++17", "-I", RUNTIME,
             self.write("main.cpp", PROGRAM),
             os.path.join(RUNTIME, "data/Utf8.cpp"), "-o", program],
            check=True)
        random_numbers = random.Random(1)
        pieces = ["a", "\u00e9", "\u20ac", "\U0001f600", "\ud7ff", "\ue000",
                  "\U0010ffff"]
        broken = [b"\x80", b"\xc0\xaf", b"\xe0\x80", b"\xed\xa0\x80",
                  b"\xf4\x90\x80\x80", b"\xff", b"\xe2\x82", b"\xf0\x9f"]
        for _ in range(60):
            data = b"".join(
                random_numbers.choice(pieces).encode()
                if random_numbers.random() < 0.6
                else random_numbers.choice(broken)
                for _ in range(random_numbers.randrange(40)))
            size = random_numbers.randrange(1, 6)
            shown = subprocess.run([program, str(size)], input=data,
                                   stdout=subprocess.PIPE, check=True).stdout
            self.assertEqual(shown.decode(), data.decode(errors="replace"))


if __name__ == "__main__":
    unittest.main()
