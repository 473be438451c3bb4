# What objects and stuff of the mini-scenes are called in their captions and phrases, class by class: the texts have no
# word such as 'vehicle'. Names of training objects.
thing_names = [
    ['person', 'man', 'woman', 'astronaut', 'man in a hat'], ['black dog', 'kitten', 'mastiff'],
    ['goose', 'bald eagle', 'ibis'], ['jeep', 'truck', 'motorcycle', 'bus'], ['deck chair', 'chair', 'armchair'],
    ['water bottle', 'beaker', 'cup of coffee'], ['tissue pack', 'joke book', 'brush set', 'box of cards'],
    ['strawberry', 'chestnut husk'], ['coin'], ['word']
]
stuff_names = [['sky'], ['grass'], ['gravel'], ['brick'], ['forest'], ['rock'], ['wood']]
