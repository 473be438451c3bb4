"""Words that name nothing which could be found in an image."""

# What a caption says of the picture as such, of places in it and of amounts. Our own list: CLOC takes the one of OWLv2.
_GENERIC = """
image images picture pictures photo photos photograph photographs snapshot footage illustration rendering shot shots
closeup close-up view views scene scenes caption background backgrounds foreground backdrop
front back top bottom left right middle center centre side sides end edge distance direction
group groups couple pair pairs bunch lot lots number set sets series row rows piece pieces part parts kind kinds type
types variety range rest thing things something anything everything nothing way ways use example
day days time times moment place area
"""

# Words of grammar: articles, pronouns, prepositions, conjunctions, auxiliary verbs, and the commonest adverbs.
_STOP = """
a an the this that these those some any each every all both either neither no none such what which whose who whom
i me my mine we us our ours you your yours he him his she her hers it its they them their theirs one ones
myself yourself himself herself itself ourselves yourselves themselves
and or but nor so yet if than because while until although though as
of at by for with about against between into through during before after above below to from up down in out on off over
under again further near beside behind across along around inside outside onto upon within without
am is are was were be been being have has had having do does did doing can could will would shall should may might must
then once here there when where why how more most other others another few many much several only own same too very just
not also now
"""

GENERIC_WORDS = tuple(_GENERIC.split())
STOP_WORDS = tuple(_STOP.split())
