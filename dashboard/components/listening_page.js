// The frame around a page that listens: as high as what is in it, light or dark as the dashboard, told the settings.

export default function ({ data, parentElement }) {
  const frame = parentElement.querySelector('iframe');
  const fit = new ResizeObserver(([{ target }]) => (frame.style.height = `${target.scrollHeight}px`));
  const dress = () => {
    const inside = frame.contentDocument;
    inside.documentElement.style.colorScheme = getComputedStyle(frame).colorScheme;
    fit.observe(inside.body);
    frame.contentWindow.postMessage({ kind: 'listening', listening: data.listening }, location.origin);
  };
  frame.onload = dress;
  // The page goes on listening when Streamlit runs again; another model is another page.
  if (frame.getAttribute('src') !== data.address) frame.src = data.address;
  else dress();
  return () => fit.disconnect();
}
