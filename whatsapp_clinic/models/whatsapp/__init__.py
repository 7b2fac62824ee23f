from . import number, approval, cost
