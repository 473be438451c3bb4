from mmrice.data_engine.vocabulary import WordVocabulary, split_words


def test_words_are_lower_cased_and_split_at_punctuation():
    assert split_words("Joe’s CAFE-bar, 24h ") == ["joe's", 'cafe', 'bar', '24h']
    assert split_words('ﬁsh_and ＣＨＩＰＳ') == ['fish', 'and', 'chips']
    assert split_words('...') == []


def test_a_vocabulary_keeps_words_of_enough_regions_in_alphabetical_order():
    texts = ['sale sale', 'Big SALE', 'big a', 'a b', 'bus']
    assert WordVocabulary(min_count=2, min_chars=2).build(texts) == ['big', 'sale']
    assert WordVocabulary(min_count=1, min_chars=1).build(texts) == ['a', 'b', 'big', 'bus', 'sale']
    assert WordVocabulary(min_count=1, min_chars=1, max_words=2).build(texts) == ['a', 'big']


def test_labels_follow_the_text_once_each_and_leave_unknown_words_out():
    index = {'big': 0, 'sale': 1}
    assert WordVocabulary().labels('Sale! big SALE today', index) == [1, 0]
    assert WordVocabulary().labels('today', index) == []
