from . import (
    file_transfer,
    media,
    media_download,
    media_upload,
)
