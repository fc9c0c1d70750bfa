// Tells the server when the reader goes from light to dark or back: Streamlit recolours what is its own, not our figures.

let told = null;

export default function ({ data, parentElement, setStateValue }) {
  const part = parentElement.querySelector('.ground');
  const tell = () => {
    const theme = getComputedStyle(part).colorScheme === 'dark' ? 'dark' : 'light';
    if (theme !== data.theme && theme !== told) setStateValue('theme', (told = theme));
    if (theme === data.theme) told = null;
  };
  tell();
  // The colour of the ground changes slowly enough to be seen.
  part.addEventListener('transitionend', tell);
  return () => part.removeEventListener('transitionend', tell);
}
