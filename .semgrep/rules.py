"""What the rules find, and what they leave alone; checked by ``semgrep --test``."""

import joblib
import numpy as np
import pickle
import requests

# ruleid: unverified-pickle
joblib.load(path)
# ruleid: unverified-pickle
pickle.loads(data)
# ruleid: unverified-pickle
np.load(path, allow_pickle=True)
# ok: unverified-pickle
np.load(path, allow_pickle=False)

# ruleid: archive-extracted-whole
archive.extractall(folder)
# ok: archive-extracted-whole
archive.open("ratings.csv")

# ruleid: html-from-data
st.markdown(title, unsafe_allow_html=True)
# ok: html-from-data
st.markdown(escape_markdown(title))

# ruleid: secret-in-log
log.info("calling with %s", token.get_secret_value())
# ruleid: secret-in-log
raise ConfigError(f"bad key {settings.api_key.get_secret_value()}")
# ok: secret-in-log
log.info("calling")

# ruleid: redirect-followed
requests.get(url, timeout=4)
# ok: redirect-followed
requests.get(url, allow_redirects=False)
