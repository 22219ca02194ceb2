// Makes everything under static/vendor and static/icons.svg from the published packages. See README.md beside.
//
//   npm install --prefix DIR @tabler/core@1.6.1 @tabler/icons@3.51.0 @fontsource-variable/inter@5.3.0 \
//       postcss@8.5.33 postcss-selector-parser@7.2.1
//   node static/vendor/build.mjs DIR
//
// Tabler's sheet is 635 KB, most of it for components and colours an admin console has no use for. It is trimmed by
// component family, not by what today's templates use: a new page may use any class of a family that is listed here
// without running this again.
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';

const packages = path.resolve(process.argv[2] ?? '.', 'node_modules');
const vendor = import.meta.dirname;
const require = createRequire(path.join(packages, 'x.js'));
const postcss = require('postcss');
const selectorParser = require('postcss-selector-parser');

/// Class families that stay; a trailing * takes every class with that prefix.
const FAMILIES = `
  row row-* col col-* g-* gx-* gy-* container-narrow container-tight
  h1 h2 h3 h4 h5 h6 lead small mark list-unstyled list-inline list-inline-item subheader
  text-* fw-* font-monospace fs-* lh-* link-* icon icon-* user-select-* visually-hidden visually-hidden-focusable
  card card-* table table-* badge badge-* badges-list status status-* status-dot status-indicator
  alert alert-* btn btn-* btn-group btn-group-* close
  form-* col-form-label input-group input-group-* input-icon input-icon-* is-invalid invalid-feedback required
  nav nav-link nav-item nav-tabs nav-pills nav-underline nav-segmented dropdown-item dropdown-header dropdown-divider active disabled show
  datagrid datagrid-* progress progress-* spinner-border spinner-border-sm empty empty-* avatar avatar-*
  pagination page-item page-link breadcrumb breadcrumb-*
  d-* flex-* align-* justify-* order-* gap-* row-gap-* column-gap-* m-* mt-* mb-* ms-* me-* mx-* my-* p-* pt-* pb-* ps-* pe-* px-* py-*
  w-* h-* mw-* mh-* border border-* rounded rounded-* bg-body bg-surface bg-surface-* overflow-* position-relative sticky-top shadow-none
`.trim().split(/\s+/);

/// Colours beyond the roles (primary, secondary, success, info, warning, danger), and families' exotic members.
const DROPPED = new RegExp(
  '-(blue|azure|indigo|purple|pink|red|orange|yellow|lime|green|teal|cyan|facebook|twitter|linkedin|google|youtube|vimeo|dribbble|'
  + 'github|instagram|pinterest|vk|rss|flickr|bitbucket|tabler|x|black|white|gray|muted|light|dark)(-|$)'
  + '|^card-(rotate|stacked|body-scrollable|group|img|cover|aside|sponsor|mask|gradient|meta|avatar|drop)'
  + '|^btn-(close-white|ghost|pill|square|animate|app|floating|close)'
  + '|^form-(image|selectgroup|colorinput|colorcheck|floating|range|switch-.*|control-color|fieldset-.*)'
  + '|^table-(mobile|sort|active)|^input-icon|^btn-(action|outline)|^card-(status|stamp|progress|table-border|chart|options|link)'
  + '|^icon-(pulse|tada|rotate|filled)|^avatar-(?!xs$|sm$|md$|rounded$)|^progress-(?!bar$|sm$|bar-indeterminate$)|^status-indicator'
  + '|^alert-(?!title$|heading$|icon$|description$|list$|action$|success$|info$|warning$|danger$|important$)'
  + '|^(m|mt|mb|ms|me|mx|my|p|pt|pb|ps|pe|px|py|gap|row-gap|column-gap|order|g|gx|gy|h|w|mw|mh|border|rounded|text|flex|justify|align|d|table-responsive|nav|fs|fw)-(sm|xxl|xl|print)(-|$)'
  + '|^(m|mt|mb|ms|me|mx|my|p|pt|pb|ps|pe|px|py)-(md|lg)-|^(m|mt|mb|ms|me|mx|my)-n|^col-(xxl|xl)|^offset|^row-cols'
  + '|^text-(bg|shadow|columns|.*-fg)|^link-(opacity|offset|underline)|^border-(opacity|[1-5]$|x|y)|^rounded-(top|bottom|start|end|[0-9])',
);
const ROOT_VARIABLES_KEPT = /^--tblr-(primary|secondary|success|info|warning|danger|gray-\d+|white|black|font-.*|body-.*|bg-surface.*|border-.*|link-.*|box-shadow.*|focus-ring.*|form-.*|spacer-.*|heading-color|emphasis-color|hover-bg|active-bg|code-.*)$/;

const kept = name => !DROPPED.test(name)
  && FAMILIES.some(family => family.endsWith('*') ? name.startsWith(family.slice(0, -1)) : name === family);

/// Whether a selector can match anything in our pages.
function isUsable(selector) {
  if (/:host|\[dir=|body\[data-|data-theme|data-bs-navbar-theme|theme-(dark|light)|data-vc|litepicker/.test(selector)) return false;
  let usable = true;
  selectorParser(root => root.walkClasses(node => {
    const isNegated = node.parent?.parent?.type === 'pseudo' && node.parent.parent.value === ':not';
    if (!isNegated && !kept(node.value)) usable = false;
  })).processSync(selector);
  return usable;
}

function trim(css) {
  const root = postcss.parse(css);
  root.walkComments(comment => { if (!comment.text.startsWith('!')) comment.remove(); });
  root.walkRules(rule => {
    if (rule.parent.type === 'atrule' && /keyframes$/.test(rule.parent.name)) return;
    const selectors = rule.selectors.filter(selector => selector === ':host' ? false : isUsable(selector));
    if (selectors.length === 0) rule.remove(); else if (selectors.length !== rule.selectors.length) rule.selectors = selectors;
  });
  removeUnused(root);
  for (let before = -1, now = 0; before !== now;) {
    before = now; now = 0;
    root.walk(node => { if (node.type !== 'decl' && node.nodes?.length === 0) node.remove(); else now++; });
  }
  return root.toString();
}

/// Drops variables nobody reads and animations nobody plays, until nothing changes.
function removeUnused(root) {
  for (let removed = true; removed;) {
    removed = false;
    const text = root.toString();
    const read = new Set([...text.matchAll(/var\((--[\w-]+)/g)].map(match => match[1]));
    root.walkDecls(/^--/, declaration => {
      if (!read.has(declaration.prop) && !ROOT_VARIABLES_KEPT.test(declaration.prop)) { declaration.remove(); removed = true; }
    });
    root.walkAtRules(/keyframes$/, rule => {
      if (!new RegExp(`animation(-name)?:[^;}]*\\b${rule.params}\\b`).test(text)) { rule.remove(); removed = true; }
    });
  }
}

function write(file, content) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, content);
  console.log(path.relative(process.cwd(), file), fs.statSync(file).size);
}

/// One sprite of the icons named in icons.txt, each a <symbol> that takes its colour from the text around it.
function sprite() {
  const names = fs.readFileSync(path.join(vendor, 'icons.txt'), 'utf8').split(/\s+/).filter(Boolean);
  const symbols = names.map(name => {
    const svg = fs.readFileSync(path.join(packages, '@tabler/icons/icons/outline', `${name}.svg`), 'utf8');
    const shapes = svg.replace(/^[\s\S]*?<svg[^>]*>/, '').replace(/<\/svg>\s*$/, '').replace(/\s*\n\s*/g, '');
    return `<symbol id="${name}" viewBox="0 0 24 24">${shapes}</symbol>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round">\n${symbols.join('\n')}\n</svg>\n`;
}

const css = fs.readFileSync(path.join(packages, '@tabler/core/dist/css/tabler.min.css'), 'utf8');
write(path.join(vendor, 'tabler/tabler.css'), trim(css).replace(/}(?=[^}])/g, '}\n'));
write(path.join(vendor, '../icons.svg'), sprite());
write(path.join(vendor, 'tabler-icons/LICENSE'), fs.readFileSync(path.join(packages, '@tabler/icons/LICENSE')));
write(path.join(vendor, 'inter/inter-latin.woff2'), fs.readFileSync(path.join(packages, '@fontsource-variable/inter/files/inter-latin-wght-normal.woff2')));
write(path.join(vendor, 'inter/LICENSE'), fs.readFileSync(path.join(packages, '@fontsource-variable/inter/LICENSE')));
