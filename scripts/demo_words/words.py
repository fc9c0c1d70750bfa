"""The 35 words of Speech Commands, and how each one is said.

The voices' own spelling-to-sound rules misread lone words ("no." becomes "number"), so Kokoro and hibari get fixed
phonemes, in Kokoro's alphabet: the International Phonetic Alphabet with one letter for each diphthong,
A = eɪ, I = aɪ, O = oʊ (American), Q = əʊ (British), W = aʊ. espeak-ng and Pico read the spelling; both read these
35 words well.
"""

KEYWORDS = ("down", "go", "left", "no", "off", "on", "right", "stop", "up", "yes")
"""The ten words to spot. The other 25 teach what is not one of them."""

PHONEMES = {
    # word       American       British
    "backward": ("bˈækwəɹd", "bˈakwəd"),
    "bed": ("bˈɛd", "bˈɛd"),
    "bird": ("bˈɜɹd", "bˈɜːd"),
    "cat": ("kˈæt", "kˈat"),
    "dog": ("dˈɔɡ", "dˈɒɡ"),
    "down": ("dˈWn", "dˈWn"),
    "eight": ("ˈAt", "ˈAt"),
    "five": ("fˈIv", "fˈIv"),
    "follow": ("fˈɑlO", "fˈɒlQ"),
    "forward": ("fˈɔɹwəɹd", "fˈɔːwəd"),
    "four": ("fˈɔɹ", "fˈɔː"),
    "go": ("ɡˈO", "ɡˈQ"),
    "happy": ("hˈæpi", "hˈapi"),
    "house": ("hˈWs", "hˈWs"),
    "learn": ("lˈɜɹn", "lˈɜːn"),
    "left": ("lˈɛft", "lˈɛft"),
    "marvin": ("mˈɑɹvɪn", "mˈɑːvɪn"),
    "nine": ("nˈIn", "nˈIn"),
    "no": ("nˈO", "nˈQ"),
    "off": ("ˈɔf", "ˈɒf"),
    "on": ("ˈɑn", "ˈɒn"),
    "one": ("wˈʌn", "wˈʌn"),
    "right": ("ɹˈIt", "ɹˈIt"),
    "seven": ("sˈɛvən", "sˈɛvᵊn"),
    "sheila": ("ʃˈilə", "ʃˈiːlə"),
    "six": ("sˈɪks", "sˈɪks"),
    "stop": ("stˈɑp", "stˈɒp"),
    "three": ("θɹˈi", "θɹˈiː"),
    "tree": ("tɹˈi", "tɹˈiː"),
    "two": ("tˈu", "tˈuː"),
    "up": ("ˈʌp", "ˈʌp"),
    "visual": ("vˈɪʒəwəl", "vˈɪʒʊəl"),
    "wow": ("wˈW", "wˈW"),
    "yes": ("jˈɛs", "jˈɛs"),
    "zero": ("zˈɪɹO", "zˈɪəɹQ"),
}

WORDS = tuple(PHONEMES)

KOKORO_FRAMINGS = ("{}", "{}.", " {}.", ", {}.")
HIBARI_FRAMINGS = (" {}.", "{}", ", {}.", "{}.")
"""What stands around the phonemes, in order of trying: the next when a word was not understood. A pause before and a
full stop after keep hibari from swallowing a first vowel."""
