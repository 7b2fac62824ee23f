from . import number, approval, cost, provider, inbound
