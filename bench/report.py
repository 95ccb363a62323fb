import sys
from pathlib import Path
def slug(x): return "x"
def render(out): pass
