import io

from mmrice.data_engine.progress import Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_the_line_has_share_rate_eta_and_rejects():
    progress = Progress('ocr', 100, io.StringIO())
    progress.update(20, rejects=3)
    assert progress.line(progress.begin + 10) == 'ocr      20/100 images  2.0/s  ETA 0:40  rejected 3'


def test_nothing_done_yet_has_no_eta():
    progress = Progress('ocr', 100, io.StringIO())
    assert 'ETA 0:00' in progress.line(progress.begin + 10)


def test_a_terminal_gets_one_line_that_is_cleared():
    stream = Terminal()
    progress = Progress('embed', 4, stream)
    progress.update(4)
    progress.close()
    assert stream.getvalue().startswith('\rembed    4/4 images') and stream.getvalue().endswith('\r\x1b[K')
    assert '\n' not in stream.getvalue()


def test_a_log_file_gets_a_line_every_ten_seconds():
    stream = io.StringIO()
    progress = Progress('embed', 4, stream)
    progress.update(1)
    assert stream.getvalue() == ''
    progress.shown -= 11
    progress.update(1)
    assert stream.getvalue().startswith('embed    2/4 images') and stream.getvalue().endswith('\n')
