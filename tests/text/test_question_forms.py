import pytest

from tts.text.english.question_forms import question_form


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("yes_no", "Will we ever forget it."),
        ("yes_no", "Shall I carry you."),
        ("yes_no", "Did Thorpe go to see any one in Churchill."),
        ("yes_no", "Could the incident have anything to do with it."),
        ("yes_no", "And is that all."),
        ("yes_no", "Do you value your hide."),
        ("yes_no", "You are coming with us?"),
        ("yes_no", "May drought destroy your crops?"),
        ("", "May drought destroy your crops."),
        ("", "Had it struck squarely it would have killed him."),
        ("", "Do the work."),
        ("", "Have a look."),
        ("", "The train has gone."),
        ("", "Will power is what you need."),
        ("question_word", "What was the object of your little sensation."),
        ("question_word", "How old are you, daddy."),
        ("question_word", "What if Jeanne failed him."),
        ("question_word", "Why should a fellow throw up the sponge."),
        ("question_word", "Where is the key?"),
        ("question_word", "In which house?"),
        ("question_word", "What's that got to do with it."),
        ("", "When I came to I was waving my hat."),
        ("", "What I saw I could not at first believe."),
        ("", "How valiantly I went at it that first day."),
        ("", "When he was a boy he lived here."),
        ("", "Why, he's bought forty pounds of goods from you already."),
        ("", "Who dares wins."),
        ("", ""),
        ("yes_no", "?"),
    ],
)
def test_questions_are_told_by_their_words(form, text):
    words = [word.strip(".,?") for word in text.split() if word.strip(".,?")]
    assert question_form(words, marked=text.endswith("?")) == form


def test_a_curly_apostrophe_is_one():
    assert question_form(["Isn’t", "it", "late"], marked=False) == "yes_no"
