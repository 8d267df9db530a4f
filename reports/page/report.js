// SPDX-License-Identifier: Apache-2.0
// The page reads without this script: it adds what a place of a strip stands for, zoom by phase, and copying.
"use strict";
(() => {
	const root = document.documentElement;
	const tip = document.getElementById("tip");
	const words = {
		p: "passed", m: "passed, in the run of an earlier case with the same state", f: "failed",
		n: "not exercised", r: "rig trouble", s: "skipped", "-": "no case here",
	};
	const count = new Intl.NumberFormat("en-US");
	root.classList.add("js");

	function copied(text, done) {
		const old = () => {
			const area = document.createElement("textarea");
			area.value = text;
			area.style.position = "fixed";
			area.style.opacity = "0";
			document.body.append(area);
			area.select();
			const ok = document.execCommand("copy");
			area.remove();
			done(ok);
		};
		// No clipboard API on file:// in some browsers.
		if (navigator.clipboard && window.isSecureContext)
			navigator.clipboard.writeText(text).then(() => done(true), old);
		else
			old();
	}

	document.addEventListener("click", (e) => {
		const button = e.target.closest(".copy");
		if (!button)
			return;
		copied(button.dataset.copy, (ok) => {
			const label = button.firstChild, was = "copy";
			label.nodeValue = ok ? "copied" : "press Ctrl+C";
			setTimeout(() => { label.nodeValue = was; }, 1600);
		});
	});

	// "p3mf2" → one letter a place
	function unpack(codes, places) {
		const out = new Array(places);
		let at = 0;
		for (const m of codes.matchAll(/([-a-z])(\d*)/g)) {
			const n = m[2] ? Number(m[2]) : 1;
			out.fill(m[1], at, at + n);
			at += n;
		}
		return out;
	}

	class Strip {
		constructor(el) {
			const data = JSON.parse(el.querySelector("script.data").textContent);
			this.el = el;
			this.data = data;
			this.first = 0;
			this.shown = data.places;
			this.rows = data.rows.map((row) => ({
				name: row.name, tokens: row.tokens, codes: unpack(row.codes, data.places),
				more: new Map((row.more || []).map((m) => [m[0], m])),
			}));
			this.svgs = [...el.querySelectorAll(".cells")];
			this.svgs.forEach((svg, i) => this.listen(svg, i));
			for (const b of el.querySelectorAll(".zoom button"))
				b.addEventListener("click", () => this.zoom(b));
			this.zoomToCases();
		}

		// A sweep of one short phase would be a hair's breadth of the whole update: begin with the phase that holds it.
		zoomToCases() {
			let first = this.data.places, last = -1;
			for (const row of this.rows)
				for (let at = 0; at < this.data.places; at++)
					if (row.codes[at] !== "-") {
						first = Math.min(first, at);
						last = Math.max(last, at);
					}
			const holds = (b) => Number(b.dataset.first) <= first && last < Number(b.dataset.first) + Number(b.dataset.count);
			const fits = [...this.el.querySelectorAll(".zoom button")].filter(holds)
				.sort((a, b) => a.dataset.count - b.dataset.count);
			if (last >= 0 && fits.length && Number(fits[0].dataset.count) < this.data.places)
				this.zoom(fits[0]);
		}

		listen(svg, i) {
			svg.addEventListener("pointermove", (e) => this.point(i, this.placeAt(svg, e), e.clientX, e.clientY));
			svg.addEventListener("pointerdown", (e) => this.point(i, this.placeAt(svg, e), e.clientX, e.clientY));
			svg.addEventListener("pointerleave", (e) => { if (e.pointerType === "mouse") this.leave(); });
			svg.addEventListener("keydown", (e) => this.key(e, i));
			svg.addEventListener("blur", () => this.leave());
		}

		// On a narrow screen one pixel is many places: what did not pass wins.
		placeAt(svg, e) {
			const box = svg.getBoundingClientRect(), per = this.shown / box.width;
			const at = this.clamp(Math.floor(this.first + (e.clientX - box.left) * per));
			const codes = this.rows[this.svgs.indexOf(svg)].codes;
			const reach = Math.ceil(per * 2);
			for (let d = 0; d <= reach; d++) {
				for (const x of [at - d, at + d]) {
					if (x >= this.first && x < this.first + this.shown && "fnrs".includes(codes[x]))
						return x;
				}
			}
			return at;
		}

		clamp(x) { return Math.min(Math.max(x, this.first), this.first + this.shown - 1); }

		token(row, at) {
			const m = row.more.get(at);
			if (m && m[1])
				return m[1];
			return row.tokens ? row.tokens[0] + (row.tokens[1] + row.tokens[2] * at) + row.tokens[3] : null;
		}

		operation(at) {
			const o = (this.data.ops || []).find((x) => at >= x[0] && at < x[0] + x[1]);
			const phase = this.data.phases.find((x) => at >= x[1] && at < x[1] + x[2]);
			let text = (this.data.byOp ? "operation " : "case ") + count.format(at);
			if (o)
				text += " · " + o[2] + " · 0x" + (o[3] + o[4] * (at - o[0])).toString(16).padStart(8, "0");
			return phase ? text + " · " + phase[0] : text;
		}

		point(i, at, x, y) {
			const row = this.rows[i], code = row.codes[at] || "-", why = row.more.get(at);
			const head = document.createElement("b"), rest = document.createElement("div");
			head.textContent = row.name + ": " + words[code] + (why && why[2] ? ", " + why[2] : "");
			rest.textContent = this.operation(at);
			tip.replaceChildren(head, rest);
			if (code !== "-") {
				const token = document.createElement("code");
				token.textContent = this.token(row, at) || "token: see journal.jsonl";
				tip.append(token);
			}
			tip.hidden = false;
			const box = tip.getBoundingClientRect();
			const above = y - box.height - 18;
			tip.style.left = Math.max(8, Math.min(x - box.width / 2, root.clientWidth - box.width - 8)) + "px";
			tip.style.top = (above > 8 ? above : y + 22) + "px";
			this.at = at;
			this.cursor(this.svgs[i], at);
		}

		cursor(svg, at) {
			let line = this.line;
			if (!line) {
				line = this.line = document.createElementNS("http://www.w3.org/2000/svg", "path");
				line.setAttribute("class", "cursor");
			}
			line.setAttribute("d", "M" + (at + .5) + " -3v16");
			svg.append(line);
		}

		leave() {
			tip.hidden = true;
			if (this.line)
				this.line.remove();
		}

		// The next place in direction d that did not pass; where it is when there is none.
		trouble(codes, from, d) {
			for (let x = from + d; x >= this.first && x < this.first + this.shown; x += d) {
				if ("fnrs".includes(codes[x]))
					return x;
			}
			return from;
		}

		key(e, i) {
			const codes = this.rows[i].codes;
			const last = this.first + this.shown - 1;
			const at = this.at === undefined ? this.first : this.clamp(this.at);
			const step = e.shiftKey ? Math.max(1, Math.round(this.shown / 100)) : 1;
			const to = {
				ArrowLeft: at - step, ArrowRight: at + step, Home: this.first, End: last,
				n: this.trouble(codes, at, 1), p: this.trouble(codes, at, -1),
			}[e.key];
			if (e.key === "Escape") {
				this.leave();
			} else if (e.key === "Enter") {
				const token = this.token(this.rows[i], at);
				if (token)
					copied(token, (ok) => { tip.append(ok ? " copied" : ""); this.svgs[i].focus(); });
			} else if ((e.key === "ArrowUp" || e.key === "ArrowDown")) {
				const other = this.svgs[i + (e.key === "ArrowUp" ? -1 : 1)];
				if (!other)
					return;
				other.focus();
				this.pointKey(this.svgs.indexOf(other), at);
			} else if (to !== undefined) {
				this.pointKey(i, this.clamp(to));
			} else {
				return;
			}
			e.preventDefault();
		}

		pointKey(i, at) {
			const box = this.svgs[i].getBoundingClientRect();
			this.point(i, at, box.left + (at + .5 - this.first) / this.shown * box.width, box.top);
		}

		zoom(button) {
			this.first = Number(button.dataset.first);
			this.shown = Number(button.dataset.count);
			for (const b of button.parentNode.children)
				b.setAttribute("aria-pressed", String(b === button));
			for (const svg of this.svgs)
				svg.setAttribute("viewBox", this.first + " 0 " + this.shown + " 10");
			this.el.querySelectorAll(".band").forEach((band) => {
				const phase = this.data.phases[Number(band.dataset.phase)];
				const wide = phase[2] / this.shown >= .09;
				band.style.left = (phase[1] - this.first) / this.shown * 100 + "%";
				band.style.width = phase[2] / this.shown * 100 + "%";
				band.firstChild.textContent = wide ? phase[0] : "";
			});
			const scale = this.el.querySelector(".scale");
			scale.querySelector(".from").textContent = count.format(this.first);
			scale.querySelector(".mid").textContent = count.format(this.first + Math.floor(this.shown / 2));
			scale.querySelector(".to").textContent = count.format(this.first + this.shown - 1);
			this.leave();
		}
	}

	document.querySelectorAll(".strip").forEach((el) => new Strip(el));
})();
