// Tells the fragment that it stands in when the microphone's part has shown a word.

let ring = null;

export default function ({ setStateValue }) {
  window.removeEventListener('earshot-heard', ring);
  ring = ({ detail }) => setStateValue('heard', detail);
  window.addEventListener('earshot-heard', ring);
  return () => window.removeEventListener('earshot-heard', ring);
}
