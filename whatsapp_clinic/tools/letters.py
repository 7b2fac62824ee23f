"""Whether PostgreSQL knows capital letters beyond English."""


def knows_capitals(cr) -> bool:
    """Whether a search without regard to case finds ŞÇĞÜÖ where somebody types şçğüö.

    It does not in a database made with the character type `C`.
    """
    cr.execute("SELECT 'ŞÇĞÜÖ' ILIKE 'şçğüö'")
    return cr.fetchone()[0]
