// Shows the text of the mark under the pointer, as text and never as markup.
const tip = document.createElement('div'); tip.className = 'tip'; document.body.append(tip);
addEventListener('mousemove', event => {
  const marks = '[aria-roledescription=circle],[aria-roledescription=bar],[aria-roledescription=tick]';
  const mark = event.target.closest && event.target.closest(marks);
  tip.style.display = mark ? 'block' : 'none';
  if (!mark) return;
  tip.textContent = mark.getAttribute('aria-label');
  tip.style.left = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8) + 'px';
  tip.style.top = Math.min(event.clientY + 14, innerHeight - tip.offsetHeight - 8) + 'px';
});
