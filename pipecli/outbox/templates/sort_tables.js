// Sorts a table by the column whose heading is clicked.
for (const heading of document.querySelectorAll('thead th button')) heading.addEventListener('click', () => {
  const cell = heading.parentElement, table = cell.closest('table'), body = table.tBodies[0];
  const place = [...cell.parentElement.children].indexOf(cell);
  const down = cell.getAttribute('aria-sort') === 'ascending';
  for (const other of cell.parentElement.children) other.removeAttribute('aria-sort');
  cell.setAttribute('aria-sort', down ? 'descending' : 'ascending');
  const order = row => { const text = row.children[place].dataset.order; return isNaN(text) ? text : +text; };
  const rows = [...body.rows].sort((a, b) => {
    const x = order(a), y = order(b);
    return typeof x === 'number' && typeof y === 'number' ? x - y : String(x).localeCompare(String(y));
  });
  body.append(...(down ? rows.reverse() : rows));
});
// Says of a table that is wider than a phone that it can be moved, with a finger or the arrow keys.
const tell = () => { for (const part of document.querySelectorAll('section.table')) {
  const scrolls = part.scrollWidth > part.clientWidth;
  part.classList.toggle('scrolls', scrolls);
  scrolls ? part.setAttribute('tabindex', '0') : part.removeAttribute('tabindex');
} };
tell();
addEventListener('resize', tell);
