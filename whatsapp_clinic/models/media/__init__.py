from . import (
    file_transfer,
    media,
    media_upload,
)
