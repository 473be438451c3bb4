'use strict';
// Texts come from images and are never parsed as HTML: everything is made with textContent and attributes.
(() => {
  const byId = id => document.getElementById(id);
  const data = JSON.parse(byId('data').textContent);
  const SVG = 'http://www.w3.org/2000/svg';
  const number = new Intl.NumberFormat('en');
  const lower = text => text.normalize('NFKC').toLowerCase();
  const value = id => byId(id) ? byId(id).value.trim() : '';
  const color = label => `hsl(${label * 0.618034 % 1 * 360} 75% ${Math.floor(label / 7) % 2 ? 45 : 55}%)`;
  const clusterOf = new Map(data.clusters.map(one => [one.id, one]));
  const wordOf = new Map(data.words.map(one => [one.id, one]));
  const imageOf = new Map(data.images.map(one => [one.key, one]));
  const source = base64 => 'data:image/jpeg;base64,' + base64;
  const count = (n, what) => `${number.format(n)} ${what}${n === 1 ? '' : 's'}`;

  function element(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, content] of Object.entries(attributes)) made.setAttribute(name, content);
    made.append(...children);
    return made;
  }

  // A searchable, sorted list of which one page is in the document.
  function makeList(name, items, perPage, keep, order, draw) {
    if (!byId(name + '-list')) return null;
    const [box, status, at, back, next] = ['list', 'status', 'page', 'back', 'next'].map(end => byId(`${name}-${end}`));
    let shown = items, page = 0;
    function show() {
      const pages = Math.max(1, Math.ceil(shown.length / perPage));
      page = Math.min(Math.max(page, 0), pages - 1);
      box.replaceChildren(...shown.slice(page * perPage, (page + 1) * perPage).map(draw));
      const all = count(items.length, name === 'word' ? data.word : name);
      status.textContent = shown.length === items.length ? all : `${number.format(shown.length)} of ${all}`;
      at.textContent = `Page ${page + 1} of ${pages}`;
      back.disabled = page === 0;
      next.disabled = page === pages - 1;
      back.parentElement.hidden = pages === 1;
    }
    function update() {
      shown = items.filter(keep()).sort(order());
      page = 0;
      show();
    }
    function turn(step) {
      page += step;
      show();
      byId(name + '-status').scrollIntoView();
    }
    back.addEventListener('click', () => turn(-1));
    next.addEventListener('click', () => turn(1));
    const fields = box.parentElement.querySelectorAll('.tools input:not([type=checkbox]), .tools select');
    for (const field of fields) field.addEventListener('input', update);
    function reveal(item) {
      if (!shown.includes(item)) {
        for (const field of fields) if (field.tagName === 'INPUT') field.value = '';
        update();
      }
      page = Math.floor(shown.indexOf(item) / perPage);
      show();
      const card = box.children[shown.indexOf(item) % perPage];
      card.classList.add('target');
      card.tabIndex = -1;
      card.focus({preventScroll: true});
      card.scrollIntoView({block: 'center'});
      return card;
    }
    update();
    return {update, reveal, box};
  }

  // '17, 40-60' -> a test of numbers.
  function numberTest(text) {
    const ranges = text.split(/[\s,;#]+/).filter(Boolean).map(part => part.split('-'));
    return n => ranges.length === 0 || ranges.some(([low, high = low]) => n >= Number(low) && n <= Number(high));
  }

  function drawCrop([index, cosine]) {
    const crop = data.crops[index], words = [];
    if (cosine !== null) words.push(cosine.toFixed(2));
    if (crop.text) words.push(`“${crop.text}”`);
    const scale = crop.text ? Math.min(40 / crop.h, 300 / crop.w) : Math.min(80 / crop.h, 160 / crop.w);
    const width = Math.max(8, Math.round(crop.w * scale));
    const img = element('img', {src: source(crop.src), width: crop.w, height: crop.h,
                                alt: crop.text || `region of ${crop.key}`});
    img.style.width = `${width}px`;
    const made = element(crop.image < 0 ? 'span' : 'a', {class: 'crop', title: crop.key}, img,
                         element('span', {}, words.join(' ')));
    made.style.maxWidth = `min(100%, ${Math.max(width, 110)}px)`;
    if (crop.image >= 0) made.setAttribute('href', `#image=${encodeURIComponent(crop.key)}&box=${crop.box}`);
    return made;
  }

  function drawCard(title, facts, crops, swatch) {
    const heading = element('h3', {}, title, element('span', {class: 'soft'}, facts));
    if (swatch) {
      heading.prepend(element('i'));
      heading.firstChild.style.background = swatch;
    }
    return element('div', {class: 'card'}, heading, element('div', {class: 'crops'}, ...crops.map(drawCrop)));
  }

  const drawCluster = one => drawCard(
    `#${one.id}`, [count(one.size, 'region'), ...(one.images < one.size ? [count(one.images, 'image')] : []),
                   ...(one.cosine === null ? [] : [`mean cosine ${one.cosine.toFixed(2)}`])].join(' · '),
    one.crops, color(one.id));
  const drawWord = one => drawCard(one.word, count(one.size, 'region'), one.crops);

  function link(kind, labels) {
    const known = kind === 'ocr' ? wordOf : clusterOf, label = labels.find(one => known.has(one));
    return kind === 'text' || label === undefined ? null : `#${kind === 'ocr' ? 'word' : 'cluster'}=${label}`;
  }

  function boxName([, , , , kind, , labels, text]) {
    return text ? `“${text}”` : labels.map(label => `#${label}`).join(' ') || kind;
  }

  function drawImage(one) {
    const stage = element('div', {class: 'stage'}, element('img', {src: source(one.src), width: one.w, height: one.h,
                                                                   alt: one.key}));
    const svg = document.createElementNS(SVG, 'svg'), detail = element('div', {class: 'soft detail'});
    svg.setAttribute('viewBox', `0 0 ${one.w} ${one.h}`);
    svg.setAttribute('preserveAspectRatio', 'none');
    svg.setAttribute('aria-hidden', 'true');
    stage.append(svg);
    const area = box => (box[2] - box[0]) * (box[3] - box[1]);
    const tags = [];
    for (const box of [...one.boxes].sort((a, b) => area(b) - area(a))) {
      const [x1, y1, x2, y2, kind, score, labels] = box, target = link(kind, labels);
      const rect = document.createElementNS(SVG, 'rect');
      for (const [name, content] of Object.entries({x: x1, y: y1, width: x2 - x1, height: y2 - y1,
                                                     class: target ? `${kind} linked` : kind})) {
        rect.setAttribute(name, content);
      }
      if (kind === 'object' || kind === 'image') rect.setAttribute('stroke', color(labels[0]));
      const tag = element('a', {class: `tag ${kind}`, ...(target ? {href: target} : {})}, boxName(box));
      tag.style.top = `${Math.max(y1, 0) / one.h * 100}%`;
      if (x1 > one.w * 0.6) tag.style.right = `${Math.max(one.w - x2, 0) / one.w * 100}%`;
      else tag.style.left = `${Math.max(x1, 0) / one.w * 100}%`;
      const mark = on => {
        for (const other of stage.querySelectorAll('.on')) other.classList.remove('on');
        rect.classList.toggle('on', on);
        tag.classList.toggle('on', on);
        detail.textContent = on ? `${boxName(box)} · ${kind}, score ${score}, ${Math.round(x2 - x1)} x ` +
          `${Math.round(y2 - y1)} px` : '';
      };
      for (const part of [rect, tag]) part.addEventListener('mouseenter', () => mark(true));
      tag.addEventListener('focus', () => mark(true));
      if (target) rect.addEventListener('click', () => { location.hash = target; });
      svg.append(rect);
      tags[one.boxes.indexOf(box)] = {tag, mark};
    }
    stage.append(...tags.map(each => each.tag));  // the tab key goes through them as the table has them
    stage.addEventListener('mouseleave', () => tags.forEach(each => each.mark(false)));
    const kinds = new Map();
    for (const box of one.boxes) kinds.set(box[4], (kinds.get(box[4]) || 0) + 1);
    const facts = [...kinds].map(([kind, n]) => count(n, kind === 'ocr' ? 'OCR region' : `${kind} region`)).join(', ');
    const some = one.boxes.length < one.total ? ` (of ${number.format(one.total)} regions)` : '';
    const links = [];
    for (const box of one.boxes) {
      const [kind, labels, text] = [box[4], box[6], box[7]];
      const parts = text ? [[`“${text}”`, labels]] : kind === 'image' ? labels.map(label => [`#${label}`, [label]]) : [];
      for (const [name, own] of parts) {
        const target = link(kind, own);
        links.push(' ', element(target ? 'a' : 'span', target ? {href: target} : {}, name));
      }
    }
    const made = element('figure', {class: 'picture'}, stage,
                         element('figcaption', {}, [one.key, facts + some].filter(Boolean).join(': '), ...links),
                         ...one.captions.map(text => element('p', {class: 'caption'}, text)), detail);
    made.mark = index => tags[index] && tags[index].mark(true);
    return made;
  }

  const bySize = (a, b) => b.size - a.size || a.id - b.id;
  const lists = {
    cluster: makeList('cluster', data.clusters, 24, () => {
      const fits = numberTest(value('cluster-id')), low = Number(value('cluster-min') || 0);
      const high = Number(value('cluster-max') || Infinity);
      return one => fits(one.id) && one.size >= low && one.size <= high;
    }, () => ({
      size: bySize, small: (a, b) => a.size - b.size || a.id - b.id, id: (a, b) => a.id - b.id,
      tight: (a, b) => (b.cosine ?? -2) - (a.cosine ?? -2) || a.id - b.id,
      loose: (a, b) => (a.cosine ?? 2) - (b.cosine ?? 2) || a.id - b.id,
    })[value('cluster-sort') || 'size'], drawCluster),
    word: makeList('word', data.words, 24, () => {
      const wanted = lower(value('word-q'));
      return one => !wanted || lower(one.word).includes(wanted)
        || one.crops.some(([index]) => lower(data.crops[index].text).includes(wanted));
    }, () => {
      const wanted = lower(value('word-q')), other = one => lower(one.word).includes(wanted) ? 0 : 1;
      const then = value('word-sort') === 'word' ? (a, b) => a.word.localeCompare(b.word) : bySize;
      return (a, b) => other(a) - other(b) || then(a, b);  // words that match before texts that do
    }, drawWord),
    image: makeList('image', data.images, 12, () => {
      const wanted = lower(value('image-q')), label = /^#\d+$/.test(wanted) ? Number(wanted.slice(1)) : null;
      return one => !wanted || (label === null
        ? [one.key, ...one.captions, ...one.boxes.map(box => box[7])].some(text => lower(text).includes(wanted))
        : one.boxes.some(box => box[4] !== 'ocr' && box[6].includes(label)));
    }, () => () => 0, drawImage),
  };

  for (const check of document.querySelectorAll('.tools input[type=checkbox]')) {
    const name = check.id === 'show-labels' ? 'all-labels' : check.id.replace('show-', 'no-');
    const follow = () => lists.image.box.classList.toggle(name, check.checked === (check.id === 'show-labels'));
    check.addEventListener('input', follow);
    follow();
  }

  // The address: '#cluster=17', '#word=3' and '#image=KEY&box=2' go there, '#q=hello' searches for a word, and any field
  // can be set by its id, as in '#cluster-min=10&cluster-sort=tight'.
  function follow() {
    const wanted = new URLSearchParams(location.hash.slice(1));
    if (wanted.has('q')) wanted.set('word-q', wanted.get('q'));
    for (const [name, content] of wanted) {
      const field = byId(name), list = lists[name.split('-')[0]];
      if (field && field.matches('.tools input:not([type=checkbox]), .tools select') && list) {
        field.value = content;
        list.update();
        field.closest('section').scrollIntoView();
      }
    }
    const goals = {cluster: clusterOf.get(Number(wanted.get('cluster') ?? NaN)),
                   word: wordOf.get(Number(wanted.get('word') ?? NaN)), image: imageOf.get(wanted.get('image'))};
    for (const [name, item] of Object.entries(goals)) {
      if (!wanted.has(name) || !lists[name]) continue;
      if (item) {
        const card = lists[name].reveal(item);
        if (wanted.has('box')) card.mark?.(Number(wanted.get('box')));
      } else {
        byId(name + '-status').textContent = `${name} ${wanted.get(name)} is not among those shown`;
        byId(name + '-status').scrollIntoView();
      }
    }
  }
  addEventListener('hashchange', follow);
  document.addEventListener('click', event => {
    const at = event.target.closest('a[href^="#"]');
    if (at && at.getAttribute('href') === location.hash) follow();  // the same place once more is no hashchange
  });
  follow();
})();
