// Tells the fragment that it stands in, the list of words, when the microphone's part has shown a word.
// On a busy server the answer to a message may get lost, so it is told again until the list has the word.

const AGAIN_MS = 2000; // ... doubled each time
const MOST_TIMES = 5;

let ring = null;
let wanted = null; // the newest word that the list has to show: its listener, and its number there
let times = 0;
let waiting;

function isShown({ listener, shown }) {
  return listener === wanted.listener && shown >= wanted.number;
}

export default function ({ data, setStateValue }) {
  if (wanted && isShown(data)) {
    wanted = null;
    clearTimeout(waiting);
  }
  window.removeEventListener('earshot-heard', ring);
  const hear = ({ detail }) => {
    if (wanted?.listener !== detail.listener || wanted.number !== detail.number) times = 0;
    wanted = detail;
    clearTimeout(waiting);
    if (times < MOST_TIMES) {
      waiting = setTimeout(() => window.dispatchEvent(new CustomEvent('earshot-again')), AGAIN_MS * 2 ** times++);
    }
    setStateValue('heard', `${detail.listener} ${detail.number} ${performance.now()}`);
  };
  ring = hear;
  window.addEventListener('earshot-heard', hear);
  return () => window.removeEventListener('earshot-heard', hear);
}
